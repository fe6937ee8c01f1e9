import { ActionIcon, Group, Stack, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconBook2, IconLogout, IconMoon, IconSun } from '@tabler/icons-react'
import { useLogout } from '@/lib/queries/useLogout'
import { useSession } from '@/lib/queries/useSession'

/** Version, theme, API documentation and the way out. */
export function AccountMenu() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const session = useSession()
  const logout = useLogout()
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <Stack gap={4}>
      <Group gap={4}>
        <Tooltip label={`Use the ${other} theme`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            onClick={() => setColorScheme(other)}
            aria-label={`Use the ${other} theme`}
          >
            {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label="API documentation">
          <ActionIcon component="a" href="/docs" variant="subtle" color="gray" size="lg" aria-label="API documentation">
            <IconBook2 size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Log out">
          <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => logout.mutate()} aria-label="Log out">
            <IconLogout size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Text size="xs" c="dimmed" px={8}>
        Secateur {session.data?.version}
      </Text>
    </Stack>
  )
}
