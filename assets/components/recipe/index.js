// The universal recipe: worlds as graphs, the objective that follows, and its minimisation.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

export default mounting(View);
