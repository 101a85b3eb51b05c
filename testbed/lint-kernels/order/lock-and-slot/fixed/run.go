package fixed

// Run renders one page and all pages with n renderers at the same time.
func Run(n int) {
	for range n {
		r := newRenderer()
		go r.render("home")
		go r.renderAll([]string{"about", "jobs"})
	}
}
