import { startGunicorn } from "./origin.ts";
import { smugglingSuite } from "./suite.ts";

smugglingSuite("gunicorn", startGunicorn);
