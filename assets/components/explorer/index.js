// A trained decoder under the reader's hand: what Streamlit calls.

import { mounting } from "../run/mounting.js";
import { View } from "./view.js";

/** Show a model in `parentElement`. */
export default mounting(View);
