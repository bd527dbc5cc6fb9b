import { figure } from "./shared.js";
export default figure(() => {});
