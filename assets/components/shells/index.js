// Pictures of the shell that the mass of a Gaussian lies on, and of how rare data are among pixels.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
