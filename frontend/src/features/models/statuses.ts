import type { LayerVerdict } from '@/lib/api/types'

interface Status {
  name: LayerVerdict['status']
  color: string
  help: string
}

/** The three verdicts on a layer, with the color that stands for each. */
export const STATUSES: readonly Status[] = [
  { name: 'prunable', color: 'var(--mantine-color-leaf-6)', help: 'Its channels can go by themselves.' },
  { name: 'coupled', color: 'var(--mantine-color-blue-5)', help: 'Its channels go together with those of other layers.' },
  { name: 'locked', color: 'var(--mantine-color-gray-5)', help: 'None of its output channels can go.' },
]
