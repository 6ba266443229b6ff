"""What all services of Liên Thông share; no business rule of one service lives here."""
