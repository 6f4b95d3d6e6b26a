import { startHaproxy } from "./origin.ts";
import { smugglingSuite } from "./suite.ts";

smugglingSuite("haproxy", startHaproxy);
