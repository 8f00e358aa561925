"""The universal recipe: two worlds as products of factors, and the objective that follows.

P is the real world with whatever was added to it, Q the dream: the letters of the lecture.
"""
