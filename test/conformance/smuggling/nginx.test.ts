import { startNginx } from "./origin.ts";
import { smugglingSuite } from "./suite.ts";

smugglingSuite("nginx", startNginx);
