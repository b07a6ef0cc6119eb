/** What everybody pays who hashes with what Node has. */
import "node:crypto";
