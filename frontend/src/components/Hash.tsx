import { ActionIcon, CopyButton, Group, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'

const SHOWN = 12

/** The head of a long hash, with a button that copies all of it. */
export function Hash({ value, label }: { value: string | null | undefined; label: string }) {
  if (!value) return <>–</>
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      <Text component="span" className="mono" title={value}>
        {value.slice(0, SHOWN)}
      </Text>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : `Copy the ${label}`}>
            <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={`Copy the ${label}`}>
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  )
}
