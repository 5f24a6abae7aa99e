/** A module with a typing error in line 4. */


export function add(left right) {
  return 0;
}
