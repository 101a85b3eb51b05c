// The current route as reactive state, kept equal to the address bar.
import { formatRoute, parseRoute, toPage, withQuery, type Page, type Route } from './route.ts'

const state = $state({ route: parseRoute(location.hash) })

window.addEventListener('hashchange', () => {
  const route = parseRoute(location.hash)
  if (formatRoute(route) !== formatRoute(state.route)) state.route = route
})

export function route(): Route {
  return state.route
}

export function link(page: Page, id = '', query: Record<string, string> = {}): string {
  return formatRoute(toPage(state.route, page, id, query))
}

export function go(page: Page, id = '', query: Record<string, string> = {}): void {
  move(toPage(state.route, page, id, query))
}

/** The page to begin with, which is no step. */
export function begin(page: Page): void {
  state.route = toPage(state.route, page)
  history.replaceState(null, '', formatRoute(state.route))
}

/** A step that "back" undoes. */
export function visit(change: Record<string, string>): void {
  move(withQuery(state.route, change))
}

/** The browser tells of a new address later than it shows it; the next key may come in between. */
function move(route: Route): void {
  location.hash = formatRoute(route)
  state.route = parseRoute(location.hash)
}

/** A small change, such as a letter typed into a filter, that "back" skips. */
export function adjust(change: Record<string, string>): void {
  state.route = withQuery(state.route, change)
  history.replaceState(null, '', formatRoute(state.route))
}
