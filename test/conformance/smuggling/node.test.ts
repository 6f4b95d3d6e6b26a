import { startNode } from "./origin.ts";
import { smugglingSuite } from "./suite.ts";

smugglingSuite("node", startNode);
