// The errors by which tasks end.

package runner

import "fmt"

// TaskError is the error of a task. errors.Is and errors.As see both the error and the cause.
type TaskError struct {
	Runner, Task string
	Err          error
	// Cause is why the context had ended, where Err merely says that it had.
	Cause error
}

// Error names the task, its error, and the cause if there is one.
func (e *TaskError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s/%s: %v: %v", e.Runner, e.Task, e.Err, e.Cause)
	}
	return fmt.Sprintf("%s/%s: %v", e.Runner, e.Task, e.Err)
}

// Unwrap gives the error, and the cause if there is one.
func (e *TaskError) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Err, e.Cause}
	}
	return []error{e.Err}
}

// PanicError is the error of a task that panicked.
type PanicError struct {
	Value any    // as recover gave it
	Stack []byte // of the task's goroutine, in the form of debug.Stack
}

// Error holds the value and the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack) }

// Unwrap gives the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
