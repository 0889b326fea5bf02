using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>The commands of the binary, as a user calls them.</summary>
public sealed class CommandTests(CommandTests.Small installed) : IClassFixture<CommandTests.Small>
{
    /// <summary>One data plane is enough here.</summary>
    public sealed class Small : Installed
    {
        public override string DataPlanes => "solo";
    }

    [Fact]
    public async Task Up_WhenEverythingRuns_ChangesNothing()
    {
        int? before = await installed.PidAsync("control-plane");

        (await installed.UpAsync()).Succeeded();

        Assert.NotNull(before);
        Assert.Equal(before, await installed.PidAsync("control-plane"));
    }

    [Fact]
    public async Task Status_WhenUp_NamesEveryProcessAndDataPlane()
    {
        string output = (await installed.OrreryAsync("status")).Succeeded();

        Assert.Matches(@"control-plane +control plane +\d+ +https://127\.0\.0\.1:\d+ +running", output);
        Assert.Matches(@"data-plane-solo +simulated data plane +\d+ +https://127\.0\.0\.1:\d+ +running", output);
        Assert.Matches(@"satellite-solo +satellite +\d+ +dials out +running", output);
        Assert.Matches(@"solo +True", output);
    }

    [Fact]
    public async Task Satellite_OnceItRuns_HasTheSettingsOfASmallProcess()
    {
        int pid = await installed.PidAsync("satellite-solo") ?? throw new InvalidOperationException("the satellite does not run");

        string[] environment = (await File.ReadAllTextAsync($"/proc/{pid}/environ")).Split('\0');
        string[] arguments = (await File.ReadAllTextAsync($"/proc/{pid}/cmdline")).Split('\0');

        Assert.Contains("DOTNET_TieredCompilation=0", environment);
        Assert.Equal(["satellite", "solo", "--join-file"], arguments.SkipWhile(a => a != "satellite").Take(3));
    }

    [Fact]
    public async Task Up_OnAPortInUse_SaysWhichAndChangesNothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        string folder = Path.Combine(installed.Folder, "other");

        Ended up = await installed.OrreryAsync("up", "--detach", "--data-dir", folder, "--port", port);

        Assert.Equal(1, up.ExitCode);
        Assert.Contains($"port {port}", up.Error, StringComparison.Ordinal);
        Assert.Contains("in use", up.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "orrery.json")));
    }

    [Fact]
    public async Task Up_ThatIsNotReadyInTime_SaysHowToGoOn()
    {
        string folder = Path.Combine(installed.Folder, "hasty");
        try
        {
            Ended up = await installed.OrreryAsync(
                "up", "--detach", "--data-dir", folder, "--port", FreePort.Take(2).ToString(CultureInfo.InvariantCulture), "--data-planes", "one", "--timeout", "1");

            Assert.Equal(1, up.ExitCode);
            Assert.Contains("was not ready after 1 s", up.Error, StringComparison.Ordinal);
            Assert.Contains("'orrery up' again", up.Error, StringComparison.Ordinal);
        }
        finally
        {
            await installed.OrreryAsync("down", "--data-dir", folder);
        }
    }

    [Fact]
    public async Task Serve_AtAnAddressThatIsNotThisMachines_SaysSo()
    {
        Ended serve = await installed.OrreryAsync("serve", "--data-dir", Path.Combine(installed.Folder, "elsewhere"), "--port", FreePort.Take().ToString(CultureInfo.InvariantCulture), "--address", "192.0.2.1");

        Assert.Equal(1, serve.ExitCode);
        Assert.Matches("(?m)^orrery: nothing can listen at 192.0.2.1:[0-9]+: ", serve.Error);
        Assert.DoesNotContain("   at ", serve.Error, StringComparison.Ordinal);
    }

    /// <summary>What it was set up with is not guessed anew.</summary>
    [Fact]
    public async Task Command_OnADamagedInstallation_SaysWhichFile()
    {
        string folder = Directory.CreateDirectory(Path.Combine(installed.Folder, "damaged")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "orrery.json"), "{");

        Ended serve = await installed.OrreryAsync("serve", "--data-dir", folder);

        Assert.Equal(1, serve.ExitCode);
        Assert.StartsWith($"orrery: {folder}/orrery.json, which says how the installation was made, is damaged: ", serve.Error);
        Assert.Equal("{", await File.ReadAllTextAsync(Path.Combine(folder, "orrery.json")));
    }

    [Theory]
    [InlineData(false, 0, "Stopping ...")]
    [InlineData(true, 3, "'orrery down' stops it")]
    public async Task Up_EndedWhileItStarts_StopsWhatItStartedUnlessItIsToStay(bool detach, int left, string told)
    {
        string folder = Path.Combine(installed.Folder, detach ? "left" : "ended");
        var start = new ProcessStartInfo(Installed.Program, ["up", "--data-dir", folder, "--port", FreePort.Take(2).ToString(CultureInfo.InvariantCulture), "--data-planes", "one", .. detach ? (string[])["--detach"] : []])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        try
        {
            using Process up = Process.Start(start)!;
            Assert.Contains("started 3 of 3 processes", await up.StandardError.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            ProcessSignals.Stop(up);
            string error = await up.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await up.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.Equal(143, up.ExitCode);
            Assert.Contains(told, error, StringComparison.Ordinal);
            Assert.Equal(left, (await installed.OrreryAsync("status", "--data-dir", folder)).Output.Split('\n').Count(line => line.EndsWith("running", StringComparison.Ordinal)));
        }
        finally
        {
            await installed.OrreryAsync("down", "--data-dir", folder);
        }
    }

    /// <summary>What others reach it by is the server's that runs.</summary>
    [Fact]
    public async Task Serve_WhereOneRunsAlready_SaysSoAndChangesNothing()
    {
        string[] kubeconfigs = [Path.Combine(installed.Folder, "kubeconfig"), .. Directory.GetFiles(Path.Combine(installed.Folder, "control-plane"), "*kubeconfig*", SearchOption.AllDirectories)];
        string[] before = [.. kubeconfigs.Select(File.ReadAllText)];

        Ended serve = await installed.OrreryAsync("serve", "--port", "1");

        Assert.Equal(1, serve.ExitCode);
        Assert.Contains($"in use by process {await installed.PidAsync("control-plane")}", serve.Error, StringComparison.Ordinal);
        Assert.Equal(before, kubeconfigs.Select(File.ReadAllText));
    }

    [Fact]
    public async Task SecondInstallation_BesideTheFirst_RunsOnItsOwn()
    {
        await using var second = new Small();
        await second.InitializeAsync();

        Assert.NotEqual(await installed.PidAsync("control-plane"), await second.PidAsync("control-plane"));
        (await second.OrreryAsync("status")).Succeeded();
        (await second.OrreryAsync("down")).Succeeded();
        Assert.Null(await second.PidAsync("control-plane"));
        (await installed.OrreryAsync("status")).Succeeded();
    }

    [Theory]
    [InlineData("there is no installation", "status", "--data-dir", "/nonexistent/orrery")]
    [InlineData("no name for a data plane", "up", "--data-planes", "Bad_Name")]
    [InlineData("there is no virtual cluster", "kubeconfig", "--virtual-cluster", "no/such")]
    [InlineData("want namespace/name", "kubeconfig", "--virtual-cluster", "shop")]
    [InlineData("there is no data plane", "kubeconfig", "--data-plane", "nope")]
    [InlineData("'system:masters' is no name for a person", "kubeconfig", "--user", "ada", "--group", "system:masters")]
    [InlineData("--group goes with --user", "kubeconfig", "--group", "developers")]
    [InlineData("there is no backup /nonexistent/orrery.backup; name a file that 'orrery backup' wrote", "restore", "/nonexistent/orrery.backup", "--check")]
    [InlineData("'orrery tenant' is a group of commands, and needs one of them: create, delete, ", "tenant")]
    [InlineData("'orrery pki' is a group of commands, and needs one of them: export, import, rotate", "pki")]
    [InlineData("See 'orrery top --help'.", "top")]
    [InlineData("--changes", "bench", "propagate", "--changes", "0")]
    [InlineData("orrery: --timeout: 'soon' is no whole number", "up", "--timeout", "soon")]
    [InlineData("orrery: --timeout: want 1 to 86400", "up", "--timeout", "0")]
    [InlineData("orrery: --port: want 1 to 65535", "serve", "--port", "0", "--data-dir", "/nonexistent/orrery")]
    [InlineData("orrery: --port: want 1 to 65535", "simulate", "x", "--folder", "/nonexistent/orrery", "--port", "-1")]
    [InlineData("orrery: NAME: 'Bad_Name': ", "simulate", "Bad_Name", "--folder", "/nonexistent/orrery", "--port", "1")]
    [InlineData("orrery: --repo: 'nonsense' does not have the form https://host/path", "render", "web", "--repo", "nonsense")]
    [InlineData("orrery: the chart cannot be fetched: ", "render", "web", "--repo", "http://127.0.0.1:1")]
    [InlineData("orrery: --etcd-ca: ", "backup", "/nonexistent", "--etcd", "https://127.0.0.1:1", "--etcd-ca", "/nonexistent")]
    [InlineData("orrery: etcd endpoints: at least one is needed", "backup", "/nonexistent", "--etcd", "")]
    [InlineData("orrery: --timeout: want 1 to 86400", "tenant", "delete", "acme", "--timeout", "-1")]
    [InlineData("orrery: --for: 'long' is no whole number", "install", "open", "shop", "--for", "long")]
    [InlineData("orrery: --scale: want 0.01 to 1", "bench", "api", "--scale", "NaN")]
    [InlineData("orrery: --type: 'Bad' is none of Normal, Warning\n", "events", "--type", "Bad")]
    [InlineData("orrery: --log-level: 'loud' is none of Critical, Debug, ", "serve", "--log-level", "loud")]
    [InlineData("orrery: SHELL: 'csh' is none of bash, zsh, fish\n", "completion", "csh")]
    [InlineData("orrery: --for: 'shop' is no KIND/NAME", "events", "--for", "shop")]
    [InlineData("orrery: there is no file /nonexistent.yaml\n", "apply", "-f", "/nonexistent.yaml")]
    public async Task Command_WithABadArgument_SaysWhatIsWrong(string expected, params string[] arguments)
    {
        Ended ended = await installed.OrreryAsync(arguments);

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains(expected, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    /// <summary>None of them says that what is asked for is not there: nobody has looked.</summary>
    [Theory]
    [InlineData("tenant", "get")]
    [InlineData("tenant", "suspend", "acme")]
    [InlineData("tenant", "delete", "acme")]
    [InlineData("events", "--tenant", "acme")]
    [InlineData("diff", "installation", "shop", "-n", "acme")]
    [InlineData("private", "install", "--tenant", "acme")]
    [InlineData("data-plane", "approve", "edge1")]
    [InlineData("data-plane", "token", "edge1")]
    public async Task Command_WithTheKubeconfigOfAnotherClusterThanRoot_SaysSo(params string[] arguments)
    {
        string dataPlane = Directory.GetDirectories(Path.Combine(installed.Folder, "data-planes"))[0];

        Ended ended = await installed.OrreryAsync([.. arguments, "--kubeconfig", Path.Combine(dataPlane, "kubeconfig")]);

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("the kubeconfig may be that of a virtual cluster or a data plane, where root's is meant", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubeconfig_WithAToken_IsTheAdministrator()
    {
        Kubectl.Require();
        string path = Path.Combine(installed.Folder, "token.kubeconfig");
        await File.WriteAllTextAsync(path, (await installed.OrreryAsync("kubeconfig", "--token")).Succeeded());

        string text = await File.ReadAllTextAsync(path);

        Assert.DoesNotContain("client-key-data", text, StringComparison.Ordinal);
        Assert.Contains("system:masters", await new Kubectl(path).RunAsync("auth whoami"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("certificate")]
    [InlineData("token")]
    public async Task Kubeconfig_OfAUser_MayDoWhatRolesGiveIt(string credential)
    {
        Kubectl.Require();
        string path = Path.Combine(installed.Folder, credential + ".member.kubeconfig");
        string[] token = credential == "token" ? ["--token"] : [];
        await File.WriteAllTextAsync(path, (await installed.OrreryAsync(["kubeconfig", "--user", "ada", "--group", "acme-developers", .. token])).Succeeded());

        string whoami = await new Kubectl(path).RunAsync("auth whoami -o jsonpath={.status.userInfo}");

        Assert.Contains("\"username\":\"ada\"", whoami, StringComparison.Ordinal);
        Assert.Contains("\"groups\":[\"acme-developers\",\"system:authenticated\"]", whoami, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BenchPropagate_OfAFewChanges_PrintsTheirTimes()
    {
        string output = (await installed.OrreryAsync("bench", "propagate", "--changes", "10", "--json")).Succeeded();

        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(10, result.GetProperty("changes").GetInt32());
        JsonElement latency = result.GetProperty("latency");
        Assert.Equal(["solo", "all of them"], latency.EnumerateObject().Select(r => r.Name));
        foreach (JsonProperty row in latency.EnumerateObject())
        {
            // From zero on: on a busy machine each change may be seen before its answer is. One that is never seen fails the command.
            double[] times = [0, .. ((string[])["p50Ms", "p99Ms", "maxMs"]).Select(name => row.Value.GetProperty(name).GetDouble())];
            Assert.Equal(times.Order(), times);
        }
    }

    [Fact]
    public void DataDirectory_WhenUp_HoldsSecretsForItsOwnerOnly()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("this system knows no such modes");
            return;
        }

        foreach (string file in Directory.EnumerateFiles(installed.Folder, "*", SearchOption.AllDirectories).Where(f => f.EndsWith(".key", StringComparison.Ordinal) || Path.GetFileName(f) == "kubeconfig"))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }
}
