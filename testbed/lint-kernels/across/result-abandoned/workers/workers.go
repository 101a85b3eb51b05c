// Package workers runs functions in goroutines and hands out their results.
package workers

// Start runs a function and sends its result.
func Start(run func() int) <-chan int {
	results := make(chan int) // want LK013
	go func() {
		results <- run() // via; stuck
	}()
	return results
}
