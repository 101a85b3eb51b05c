// Plugin waits in code that is loaded while the program runs.
package main

// Wait never returns.
func Wait() { <-make(chan int) }
