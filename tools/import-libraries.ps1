# Import libraries for the DLLs that the plugin calls on Windows: made of what they export, as Wireshark brings none.
# In a shell where Visual Studio's tools may be found by vswhere. See docs/other-systems.md.
#
#   tools/import-libraries.ps1 'C:\Program Files\Wireshark' FOLDER
param([Parameter(Mandatory)][string]$Wireshark, [Parameter(Mandatory)][string]$Folder)
$ErrorActionPreference = 'Stop'

$vswhere = "${env:ProgramFiles(x86)}\Microsoft Visual Studio\Installer\vswhere.exe"
$tools = & $vswhere -latest -products * -find 'VC\Tools\MSVC\*\bin\Hostx64\x64' | Select-Object -Last 1
if (-not $tools) { throw 'There are no tools of Visual Studio here.' }

New-Item -ItemType Directory -Force $Folder | Out-Null
foreach ($pair in @(@('wireshark', 'libwireshark.dll'), @('wsutil', 'libwsutil.dll'), @('glib-2.0', 'glib-2.0-0.dll'))) {
    $name, $dll = $pair
    # Lines such as "   12    B 00012340 proto_register_protocol" are what is exported.
    $exports = & "$tools\dumpbin.exe" /exports "$Wireshark\$dll" |
        Select-String '^\s+\d+\s+[0-9A-F]+\s+[0-9A-F]{8}\s+(\S+)' | ForEach-Object { $_.Matches[0].Groups[1].Value }
    if (-not $exports) { throw "$dll exports nothing" }
    Set-Content "$Folder\$name.def" (@("LIBRARY $dll", 'EXPORTS') + ($exports | ForEach-Object { "    $_" }))
    & "$tools\lib.exe" /nologo /machine:x64 "/def:$Folder\$name.def" "/out:$Folder\$name.lib" | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "lib fails on $name.def" }
}
