"""Routes, one router per noun: parse, one service call, return."""
