"""The language every service speaks: events, views, boards, subjects and streams. Data only."""
