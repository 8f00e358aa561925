// Pictures of the two properties of a divergence: tables and a point to drag, and sums as bars.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
