import { Alert, Badge, createTheme, type MantineColorsTuple } from '@mantine/core'

const leaf: MantineColorsTuple = [
  '#e7f8f6', '#d3eeeb', '#a7ddd7', '#77cbc2', '#50bbb0', '#37b1a5', '#25a79b', '#0f8f84', '#0b7a75', '#046761',
]

const dark: MantineColorsTuple = [
  '#d3dae0', '#b6c0c9', '#94a1ad', '#717f8c', '#4a5662', '#323c46', '#252d35', '#1c2329', '#14191e', '#0d1115',
]

export const theme = createTheme({
  primaryColor: 'leaf',
  primaryShade: 8,
  colors: { leaf, dark },
  defaultRadius: 'md',
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.05rem' } } },
  components: {
    Card: { defaultProps: { withBorder: true, padding: 'lg', radius: 'lg' } },
    Alert: Alert.extend({ styles: { body: { minWidth: 0 } } }),
    Badge: Badge.extend({ styles: { root: { flexShrink: 0, minWidth: 'max-content' } } }),
    Table: { defaultProps: { verticalSpacing: 'xs', horizontalSpacing: 'md' } },
    Tooltip: { defaultProps: { withArrow: true } },
  },
})
