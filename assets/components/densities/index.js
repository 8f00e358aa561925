// Two densities, and their ratio at a point that follows the hand.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
