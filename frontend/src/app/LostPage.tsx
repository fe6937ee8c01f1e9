import { Anchor, Center, Stack, Text, Title } from '@mantine/core'
import { Link, useRouteError } from 'react-router'
import { ErrorNotice } from '@/components/ErrorNotice'
import { ApiError } from '@/lib/api/error'
import { paths } from '@/lib/paths'

export function LostPage() {
  return (
    <Center mih={320}>
      <Stack align="center" gap="xs">
        <Title order={1}>Nothing lives here</Title>
        <Text c="dimmed" ta="center">The address may be mistyped, or what it named was deleted.</Text>
        <Anchor component={Link} to={paths.models}>
          Back to the models
        </Anchor>
      </Stack>
    </Center>
  )
}

/** A mistake in the page itself: say so, and offer a way out. */
export function CrashPage() {
  const error = useRouteError()
  const detail = error instanceof Error ? error.message : 'The page could not be drawn.'
  return (
    <Center mih="100vh" p="md">
      <Stack maw={480}>
        <ErrorNotice error={new ApiError(0, 'page_error', detail, null, 'Reloading the page loses nothing.')} />
        <Anchor href={paths.models}>Reload from the start</Anchor>
      </Stack>
    </Center>
  )
}
