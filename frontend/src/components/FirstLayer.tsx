import { Box, Text } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useMemo } from 'react'
import { Figure } from '@/components/figure/Figure'
import type { FirstLayer as Entry } from '@/lib/api/types'

const HEIGHT = 220

/** A layer that reads the network's input: the filters that are left, or where it looks. */
export function FirstLayer({ entry, name }: { entry: Entry; name: string }) {
  const { ref, width } = useElementSize()
  const { picture, caption } = entry
  const figure = useMemo(() => ({ ...entry.figure, layout: withoutSize(entry.figure.layout) }), [entry])
  const natural = sizeOf(entry)
  const height = Math.round(natural.height * Math.min(1, width / (natural.width ?? width)))
  return (
    <Box ref={ref} component="figure" m={0} miw={0}>
      <Box maw={natural.width}>
        {width > 0 && (
          <Figure figure={figure} name={name} label={`${picture.layer}. ${caption}`} height={height} />
        )}
      </Box>
      <Text component="figcaption" size="sm" c="dimmed" mt="xs" maw="68ch">
        {caption}
      </Text>
    </Box>
  )
}

/** Where there is less room a figure keeps its ratio. */
function sizeOf({ figure: { layout } }: Entry): { width?: number; height: number } {
  const height = typeof layout.height === 'number' ? layout.height : HEIGHT
  return typeof layout.width === 'number' ? { width: layout.width, height } : { height }
}

function withoutSize(layout: Entry['figure']['layout']): Entry['figure']['layout'] {
  return Object.fromEntries(Object.entries(layout).filter(([key]) => key !== 'width' && key !== 'height'))
}
