import { Box, Group, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'

interface Props {
  title: string
  mark?: ReactNode
  summary?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** A page's heading, its actions and its content. */
export function Page({ title, mark, summary, actions, children }: Props) {
  useDocumentTitle(`${title} · Secateur`)
  return (
    <Stack gap="lg" maw="var(--page-max)" mx="auto">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box miw={0}>
          <Group gap="sm">
            <Title order={1} lineClamp={3} style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            {mark}
          </Group>
          {summary && (
            <Text c="dimmed" size="sm" mt={4} component="div">
              {summary}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
