// Shows the pictures of one step of training.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
