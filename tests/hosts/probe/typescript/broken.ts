/** A module that fails while it is imported. */
import { corrupt } from "./kit/errors.ts";

corrupt(9);
