package token

const nonblock = 0
