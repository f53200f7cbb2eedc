"""What tags say: who may walk where and when, in which direction, on which level, and where one waits."""
