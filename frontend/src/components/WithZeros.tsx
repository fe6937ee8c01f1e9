import { Text } from '@mantine/core'
import { formatPercent } from '@/lib/format'

/** MACs kept where those with zeros are counted; nothing for networks without zeros. */
export function WithZeros({ density }: { density: number | null | undefined }) {
  if (density === null || density === undefined) return null
  return (
    <Text className="numbers" size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }} data-testid="with-zeros" title="Zeros save no time until a sparse runtime is used.">
      {formatPercent(density, 1)} with zeros
    </Text>
  )
}
