/** Given: the probe's own error. */
export class PageCorrupt extends Error {
  pageNumber: number;
  odd = new Map();
  #where: unknown[];

  constructor(message: string, pageNumber: number) {
    super(message);
    this.pageNumber = pageNumber;
    this.#where = ["file", pageNumber];
  }

  get where(): unknown[] {
    return this.#where;
  }
}

export function corrupt(page: number): never {
  throw new PageCorrupt(`page ${page} is torn`, page);
}
