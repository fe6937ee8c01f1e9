import { Box, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Field } from '@/lib/schemaForm/field'
import { helpOf } from './help'

/** A named group of inputs: a heading at the top level, an indented block below it. */
export function Fieldset({ field, path, children }: { field: Field; path: readonly string[]; children: ReactNode }) {
  const isTop = path.length <= 1
  return (
    <Box
      component="fieldset"
      m={0}
      p={0}
      style={{ border: 0, minWidth: 0, ...(isTop ? {} : INDENTED) }}
      data-testid={`section-${path.join('.')}`}
    >
      <Text component="legend" fw={600} p={0}>
        {field.label}
      </Text>
      <Text size="xs" c="dimmed" mb="sm">
        {helpOf(field.help)}
      </Text>
      {children}
    </Box>
  )
}

const INDENTED = { borderLeft: '2px solid var(--mantine-color-default-border)', paddingLeft: 'var(--mantine-spacing-md)' }
