// A black box and models of it: samples that fall, densities that descend, what they cost.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
