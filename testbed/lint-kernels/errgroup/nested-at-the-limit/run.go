package kernel

// Run walks n trees of four folders with two at once.
func Run(n int) {
	for range n {
		leaf := folder{files: 1}
		root := folder{files: 1, folders: []folder{{files: 1, folders: []folder{leaf, leaf}}, {files: 1, folders: []folder{leaf, leaf}}}}
		go new(walker).count(root, 2)
	}
}
