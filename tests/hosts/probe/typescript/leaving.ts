/** A module that ends the process while it is imported. */
process.exit(3);
