package main

// What flow-oracle -generate prints stands here when tests run.
var generated []func()
