// Shows a training run.

import { mounting } from "./mounting.js";
import { View } from "./view.js";

export default mounting(View);
