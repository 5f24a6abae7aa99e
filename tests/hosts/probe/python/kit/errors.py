"""Given: the probe's own error."""


class PageCorrupt(Exception):
    def __init__(self, message, page_number):
        super().__init__(message)
        self.page_number = page_number
        self.where = ["file", page_number]
        self._hidden = 1
        self.odd = object()


def corrupt(page):
    raise PageCorrupt(f"page {page} is torn", page)
