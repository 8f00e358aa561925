// Pictures of the divergence of P from Q: two densities to drag, and what samples from them say.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
