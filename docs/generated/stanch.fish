# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_stanch_global_optspecs
    string join \n color= q/quiet v/verbose h/help V/version
end

function __fish_stanch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_stanch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_stanch_using_subcommand
    set -l cmd (__fish_stanch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c stanch -n "__fish_stanch_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_needs_command" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_needs_command" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_needs_command" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "demo" -d 'Show the whole loop on this machine alone: a key leaks, and dies'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "scan" -d 'Find leaked credentials'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "explain" -d 'Say why a finding is believed, everywhere it stands'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "ignore" -d 'Take responsibility for a credential, so that it counts no more'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "hook" -d 'Run as a hook of another program'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "verify" -d 'Ask providers which credentials are alive, and whose they are'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "revoke" -d 'Make a credential dead at the provider that issued it'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "rotate" -d 'Replace a credential by a new one, and make the old one dead'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "plan" -d 'Say exactly what would be done about findings, and change nothing'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "apply" -d 'Do what a plan says'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "incident" -d 'Show and lead the incidents of this machine'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "audit" -d 'Show, verify and export the log of everything that was done'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "serve" -d 'Run the pipeline without hands: webhooks, the interface for programs, the console'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "providers" -d 'Show which kinds of credentials can be verified and revoked, and which hosts are called for it'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "responders" -d 'Test the configured credentials that may revoke others'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "rules" -d 'Show and check what is looked for'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "policy" -d 'Check, test and explain the policies that decide what is done about a leak'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "generate" -d 'Write completions or the manual page to standard output'
complete -c stanch -n "__fish_stanch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand demo" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand demo" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand demo" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand demo" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l range -d 'What the commits of a range add: those that B has and A has not' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l since -d 'What commits add since a revision or a date, on all branches unless --branch says which' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l branch -d 'The commits of this branch only' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l memory -d 'Memory for the objects of a repository while they are decoded' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l state -d 'Keep in DIR what was learned of repositories, so that the next scan looks only at what is new' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l exclude -d 'Leave out what matches, written as in .gitignore (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -s j -l jobs -d 'Threads [default: one a core]' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l progress -d 'When to show progress' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l format -d 'How to report (can be repeated, each with its -o)' -r -f -a "human\t'For people, grouped by credential'
json\t'One object, with summary and coverage'
jsonl\t'One finding a line'
sarif\t'SARIF 2.1.0, for code scanning'"
complete -c stanch -n "__fish_stanch_using_subcommand scan" -s o -l output -d 'Where to write the report: the first -o belongs to the first --format' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l rules -d 'Rules of your own: a file, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l only -d 'Only this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l skip -d 'Not this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l min-confidence -d 'Report findings of this confidence and more' -r -f -a "low\t''
medium\t''
high\t''"
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l fail-on -d 'Which findings make the exit code 1' -r -f -a "any\t'Every finding that is not suppressed'
high\t'Those of high confidence'
verified\t'Those that a provider calls alive; needs --verify'
new\t'Those that the baseline does not know'"
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l baseline -d 'Credentials that this baseline knows do not count' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l write-baseline -d 'Write a baseline of what is found' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l cleanup -d 'Write what `git filter-repo` needs to take the secrets out of the history; FILE holds them in clear' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l exit-codes -d 'Exit as another scanner does' -r -f -a "gitleaks\t'1 for findings and for errors'
trufflehog\t'183 for findings, 1 for errors'
kingfisher\t'200 for findings, 1 for errors'"
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l staged -d 'What is staged for the next commit, in place of the working tree'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l no-history -d 'The files of a repository only, without what git holds'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l history-only -d 'What git holds only, without the files of the working tree'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l strict -d 'Fail also if something was left out by design'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l verify -d 'Ask the providers which findings are alive'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -l reveal -d 'Show the secrets in clear in the reports'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand scan" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l range -d 'What the commits of a range add: those that B has and A has not' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l since -d 'What commits add since a revision or a date, on all branches unless --branch says which' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l branch -d 'The commits of this branch only' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l memory -d 'Memory for the objects of a repository while they are decoded' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l state -d 'Keep in DIR what was learned of repositories, so that the next scan looks only at what is new' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l exclude -d 'Leave out what matches, written as in .gitignore (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -s j -l jobs -d 'Threads [default: one a core]' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l progress -d 'When to show progress' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l rules -d 'Rules of your own: a file, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l only -d 'Only this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l skip -d 'Not this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l staged -d 'What is staged for the next commit, in place of the working tree'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l no-history -d 'The files of a repository only, without what git holds'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -l history-only -d 'What git holds only, without the files of the working tree'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand explain" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l reason -d 'Why it is no danger' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l owner -d 'Who answers for it' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l expires -d 'The last day on which it holds, YYYY-MM-DD' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l range -d 'What the commits of a range add: those that B has and A has not' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l since -d 'What commits add since a revision or a date, on all branches unless --branch says which' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l branch -d 'The commits of this branch only' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l memory -d 'Memory for the objects of a repository while they are decoded' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l state -d 'Keep in DIR what was learned of repositories, so that the next scan looks only at what is new' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l exclude -d 'Leave out what matches, written as in .gitignore (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -s j -l jobs -d 'Threads [default: one a core]' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l progress -d 'When to show progress' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l rules -d 'Rules of your own: a file, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l only -d 'Only this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l skip -d 'Not this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l staged -d 'What is staged for the next commit, in place of the working tree'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l no-history -d 'The files of a repository only, without what git holds'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -l history-only -d 'What git holds only, without the files of the working tree'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand ignore" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -f -a "run" -d 'Run as a hook'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and not __fish_seen_subcommand_from run help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from run" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from run" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run as a hook'
complete -c stanch -n "__fish_stanch_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l rule -d 'The rule that finds it, or its kind of `stanch providers list`; the secret comes from standard input' -r
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l part -d 'What is needed beside the secret, such as the host of an instance (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l root -d 'The folder that paths in the findings start at' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand verify" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand verify" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand verify" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand verify" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l rule -d 'The rule that finds it, or its kind of `stanch providers list`; the secret comes from standard input' -r
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l part -d 'What is needed beside the secret, such as the host of an instance (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l each-line -d 'Each line of standard input is a secret of its own; they go together where their provider takes many at once'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l yes -d 'Do it; without this the plan is shown and nothing is changed'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l contain -d 'Go no further than what can be undone'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l assume-ours -d 'It is ours, though no provider says so'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l unproven -d 'Act though nothing proves that it is alive'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand revoke" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l rule -d 'The rule that finds it, or its kind of `stanch providers list`; the secret comes from standard input' -r
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l part -d 'What is needed beside the secret, such as the host of an instance (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l to -d 'Where the new secret is handed over (can be repeated), as in `env-file:.env#API_KEY`' -r
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l yes -d 'Do it; without this the plan is shown and nothing is changed'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l assume-ours -d 'It is ours, though no provider says so'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand rotate" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand plan" -s o -l output -d 'Where to write the plan, for `stanch apply`' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l root -d 'The folder that paths in the findings start at' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l exposure -d 'Who can read what was found' -r -f -a "local\t'Whoever uses this machine'
internal\t'Colleagues'
model\t'A provider of language models'
public\t'Everybody'"
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l policy -d 'Policies of yours, beside the set `default` (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l shipped -d 'A set that comes with stanch, beside `default`: see `stanch policy show` (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand plan" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand plan" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand plan" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand plan" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l as -d 'Who approves by running this; user@host if nobody is named' -r
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l findings -d 'Read the secrets again from these findings, in place of those that the plan names (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l yes -d 'Do it without asking'
complete -c stanch -n "__fish_stanch_using_subcommand apply" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand apply" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand apply" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand apply" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -f -a "list" -d 'List the incidents that are not closed'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -f -a "show" -d 'Show all that happened to one'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -f -a "approve" -d 'Approve of the plan at hand; if that suffices, it is carried out'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -f -a "deny" -d 'Say no: nothing further is done'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -f -a "retry" -d 'Try again what could not go on'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and not __fish_seen_subcommand_from list show approve deny retry help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -l limit -d 'The most that are listed' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -l all -d 'Those that are closed, too'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l as -d 'Who says so; user@host if nobody is named' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l policy -d 'Policies of yours, beside the set `default` (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l shipped -d 'A set that comes with stanch, beside `default`: see `stanch policy show` (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l plan -d 'The plan that was read, as `incident show` names it: another one is refused' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from approve" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l as -d 'Who says so; user@host if nobody is named' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l policy -d 'Policies of yours, beside the set `default` (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l shipped -d 'A set that comes with stanch, beside `default`: see `stanch policy show` (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l why -d 'Why' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from deny" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l as -d 'Who says so; user@host if nobody is named' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l policy -d 'Policies of yours, beside the set `default` (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l shipped -d 'A set that comes with stanch, beside `default`: see `stanch policy show` (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from retry" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the incidents that are not closed'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show all that happened to one'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Approve of the plan at hand; if that suffices, it is carried out'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "deny" -d 'Say no: nothing further is done'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "retry" -d 'Try again what could not go on'
complete -c stanch -n "__fish_stanch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -f -a "show" -d 'Show the last lines of the log'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -f -a "verify" -d 'Check that no line was changed, moved, added or taken away'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -f -a "export" -d 'Write the log for other programs, to standard output'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -f -a "anchor" -d 'Print the signed end of the log, to be kept elsewhere'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -f -a "key" -d 'Print the public key of what this machine signs, which other servers of the same database name in `store.trusted`'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and not __fish_seen_subcommand_from show verify export anchor key help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -l limit -d 'How many' -r
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -l anchor -d 'A file of anchors that was kept elsewhere (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -l format -d 'In which words' -r -f -a "jsonl\t'Every field of every line, with its hash'
ocsf\t'Events of the Open Cybersecurity Schema Framework'"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from key" -l config -d 'The configuration, which says where the store is [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from key" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from key" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from key" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from key" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the last lines of the log'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check that no line was changed, moved, added or taken away'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the log for other programs, to standard output'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "anchor" -d 'Print the signed end of the log, to be kept elsewhere'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "key" -d 'Print the public key of what this machine signs, which other servers of the same database name in `store.trusted`'
complete -c stanch -n "__fish_stanch_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -l listen -d 'Where to listen, in place of what the configuration says: an address with a port, or `unix:` and a path' -r
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -l policy -d 'Policies of yours, beside the set `default` (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -l shipped -d 'A set that comes with stanch, beside `default`: see `stanch policy show` (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -f -a "token" -d 'Who may use the interface and the console'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and not __fish_seen_subcommand_from token help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -f -a "create" -d 'Make one, and show it once'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -f -a "list" -d 'List all'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Revoke one'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from token" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from help" -f -a "token" -d 'Who may use the interface and the console'
complete -c stanch -n "__fish_stanch_using_subcommand serve; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -f -a "list" -d 'List the kinds of credentials'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -f -a "show" -d 'Show all that is known of one kind'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -f -a "check" -d 'Check the built-in provider files'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and not __fish_seen_subcommand_from list show check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -l format -d 'How to list them' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -l hosts -d 'List every host that can be called, and for what'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from check" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the kinds of credentials'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show all that is known of one kind'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the built-in provider files'
complete -c stanch -n "__fish_stanch_using_subcommand providers; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -f -a "list" -d 'List what each responder needs, and which are configured'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -f -a "check" -d 'Ask each provider whether the configured responder is accepted; nothing is changed'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and not __fish_seen_subcommand_from list check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -l config -d 'The configuration [default: ~/.config/stanch/config.toml]' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -l max-age -d 'Believe what a provider said up to so many seconds ago; 0 asks anew' -r
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -l offline -d 'Call nobody'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from help" -f -a "list" -d 'List what each responder needs, and which are configured'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from help" -f -a "check" -d 'Ask each provider whether the configured responder is accepted; nothing is changed'
complete -c stanch -n "__fish_stanch_using_subcommand responders; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -f -a "list" -d 'List the rules'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -f -a "show" -d 'Show one rule in full'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -f -a "check" -d 'Check rules and provider files: yours if given, else the built-in ones'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -f -a "test" -d 'Run the cases of the rules'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and not __fish_seen_subcommand_from list show check test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -l rules -d 'Rules of your own: a file, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -l only -d 'Only this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -l skip -d 'Not this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -l checks -d 'List the offline checks that rules may name'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -l rules -d 'Rules of your own: a file, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -l only -d 'Only this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -l skip -d 'Not this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -l rules -d 'The same (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -l providers -d 'A provider\'s file, as revokers have them, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -l alone -d 'Check them without the built-in rules beside them'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -l rules -d 'Rules of your own: a file, or a folder of *.toml (can be repeated)' -r -F
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -l only -d 'Only this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -l skip -d 'Not this rule, or this provider\'s rules (can be repeated)' -r
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -l only-given -d 'Run the cases of the rules given with --rules only, beside all the others'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -l alone -d 'Use the given rules without the built-in ones'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from test" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the rules'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one rule in full'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check rules and provider files: yours if given, else the built-in ones'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "test" -d 'Run the cases of the rules'
complete -c stanch -n "__fish_stanch_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -f -a "check" -d 'Check policies against what a policy can see: yours if given, else those that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -f -a "test" -d 'Run the cases of policies: yours if given, else those that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -f -a "show" -d 'Show the sets that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -f -a "explain" -d 'Read facts from standard input, as a JSON object, and say what is decided of them and why'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and not __fish_seen_subcommand_from check test show explain help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from check" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from check" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from test" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from test" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from test" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from show" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -l shipped -d 'Sets that come with stanch (can be repeated) [default: default, if no file is given]' -r
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -l format -d 'How to answer' -r -f -a "human\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from explain" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check policies against what a policy can see: yours if given, else those that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "test" -d 'Run the cases of policies: yours if given, else those that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the sets that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Read facts from standard input, as a JSON object, and say what is decided of them and why'
complete -c stanch -n "__fish_stanch_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -f -a "completions" -d 'Completions for a shell'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -f -a "man" -d 'The manual page'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and not __fish_seen_subcommand_from completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from completions" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from completions" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from completions" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from man" -l color -d 'When to use colours' -r -f -a "auto\t'If the output is a terminal'
always\t''
never\t''"
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from man" -s q -l quiet -d 'Say less: no progress, no warnings'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from man" -s v -l verbose -d 'Log what is done, to stderr (can be repeated)'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from man" -s V -l version -d 'Print version'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "completions" -d 'Completions for a shell'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "man" -d 'The manual page'
complete -c stanch -n "__fish_stanch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "demo" -d 'Show the whole loop on this machine alone: a key leaks, and dies'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "scan" -d 'Find leaked credentials'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "explain" -d 'Say why a finding is believed, everywhere it stands'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "ignore" -d 'Take responsibility for a credential, so that it counts no more'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "hook" -d 'Run as a hook of another program'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "verify" -d 'Ask providers which credentials are alive, and whose they are'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "revoke" -d 'Make a credential dead at the provider that issued it'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "rotate" -d 'Replace a credential by a new one, and make the old one dead'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "plan" -d 'Say exactly what would be done about findings, and change nothing'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "apply" -d 'Do what a plan says'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "incident" -d 'Show and lead the incidents of this machine'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "audit" -d 'Show, verify and export the log of everything that was done'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "serve" -d 'Run the pipeline without hands: webhooks, the interface for programs, the console'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "providers" -d 'Show which kinds of credentials can be verified and revoked, and which hosts are called for it'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "responders" -d 'Test the configured credentials that may revoke others'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "rules" -d 'Show and check what is looked for'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "policy" -d 'Check, test and explain the policies that decide what is done about a leak'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "generate" -d 'Write completions or the manual page to standard output'
complete -c stanch -n "__fish_stanch_using_subcommand help; and not __fish_seen_subcommand_from demo scan explain ignore hook verify revoke rotate plan apply incident audit serve providers responders rules policy generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "run" -d 'Run as a hook'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "list" -d 'List the incidents that are not closed'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "show" -d 'Show all that happened to one'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "approve" -d 'Approve of the plan at hand; if that suffices, it is carried out'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "deny" -d 'Say no: nothing further is done'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "retry" -d 'Try again what could not go on'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "show" -d 'Show the last lines of the log'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "verify" -d 'Check that no line was changed, moved, added or taken away'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "export" -d 'Write the log for other programs, to standard output'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "anchor" -d 'Print the signed end of the log, to be kept elsewhere'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "key" -d 'Print the public key of what this machine signs, which other servers of the same database name in `store.trusted`'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from serve" -f -a "token" -d 'Who may use the interface and the console'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from providers" -f -a "list" -d 'List the kinds of credentials'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from providers" -f -a "show" -d 'Show all that is known of one kind'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from providers" -f -a "check" -d 'Check the built-in provider files'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from responders" -f -a "list" -d 'List what each responder needs, and which are configured'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from responders" -f -a "check" -d 'Ask each provider whether the configured responder is accepted; nothing is changed'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "list" -d 'List the rules'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "show" -d 'Show one rule in full'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "check" -d 'Check rules and provider files: yours if given, else the built-in ones'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "test" -d 'Run the cases of the rules'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "check" -d 'Check policies against what a policy can see: yours if given, else those that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "test" -d 'Run the cases of policies: yours if given, else those that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "show" -d 'Show the sets that come with stanch'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "explain" -d 'Read facts from standard input, as a JSON object, and say what is decided of them and why'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "completions" -d 'Completions for a shell'
complete -c stanch -n "__fish_stanch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "man" -d 'The manual page'
