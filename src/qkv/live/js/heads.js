// All heads of a causal language model on the reader's own sentence.
import { figure } from "./shared.js";
export default figure(() => {});
