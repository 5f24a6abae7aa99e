"""Given: what extends a module that the learner has not written yet."""

from much_later import Base


class Ahead(Base):
    pass
