import { Badge } from '@mantine/core'

const COLORS: Record<string, string> = {
  ready: 'teal',
  completed: 'teal',
  running: 'blue',
  inspecting: 'blue',
  preparing: 'blue',
  choosing: 'yellow',
  queued: 'gray',
  cancelled: 'gray',
  failed: 'red',
  rejected: 'red',
}

/** Where the state's own name would not tell a person what is going on. */
const WORDS: Record<string, string> = {
  inspecting: 'being read',
  choosing: 'needs your choice',
  rejected: 'not accepted',
}

/** A state in words and color. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge variant="dot" color={COLORS[state] ?? 'gray'} tt="none" data-testid="state" data-state={state}>
      {WORDS[state] ?? state}
    </Badge>
  )
}
