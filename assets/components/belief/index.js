// A belief as a gauge, and the sum that moves it as bars.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
