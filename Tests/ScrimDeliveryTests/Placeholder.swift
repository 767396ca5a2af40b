// Replaced by the work that fills this room.
