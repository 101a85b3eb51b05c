// The current route as reactive state, kept equal to the address bar.
import { formatRoute, parseRoute, toPage, withQuery, type Page, type Route } from './route.ts'

const state = $state({ route: parseRoute(location.hash) })

window.addEventListener('hashchange', () => (state.route = parseRoute(location.hash)))

export function route(): Route {
  return state.route
}

export function link(page: Page, id = '', query: Record<string, string> = {}): string {
  return formatRoute(toPage(state.route, page, id, query))
}

export function go(page: Page, id = '', query: Record<string, string> = {}): void {
  location.hash = link(page, id, query)
}

/** A step that "back" undoes. */
export function visit(change: Record<string, string>): void {
  location.hash = formatRoute(withQuery(state.route, change))
}

/** A small change, such as a letter typed into a filter, that "back" skips. */
export function adjust(change: Record<string, string>): void {
  state.route = withQuery(state.route, change)
  history.replaceState(null, '', formatRoute(state.route))
}
