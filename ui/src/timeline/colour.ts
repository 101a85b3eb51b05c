// Colours of states, of the Okabe–Ito set: all eyes tell them apart, on light and on dark.

export interface Theme {
  /** In the order of a timeline's states. */
  fills: string[]
  text: string
  dim: string
  background: string
  line: string
  stop: string
  marking: string
}

export const LIGHT: Theme = {
  fills: ['#009e73', '#e69f00', '#cc79a7', '#9bd0f0', '#d55e00', '#2b7fb8', '#d5d8dc', '#e8d82f', '#b4bac1'],
  text: '#15181b',
  dim: '#5a6068',
  background: '#ffffff',
  line: '#e2e2dd',
  stop: '#d0021b',
  marking: '#e8d82f',
}

export const DARK: Theme = {
  fills: ['#14a07a', '#d99a14', '#b3698f', '#4f92bb', '#e8702a', '#2a6fa3', '#474e57', '#b5a824', '#626b76'],
  text: '#f3f5f7',
  dim: '#a3abb5',
  background: '#1a1d22',
  line: '#2b3037',
  stop: '#ff6b6b',
  marking: '#b5a824',
}
