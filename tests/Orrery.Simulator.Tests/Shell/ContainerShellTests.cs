using System.Text;
using Orrery.Simulator.Shell;

namespace Orrery.Simulator.Tests.Shell;

public sealed class ContainerShellTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["MODE"] = "test" };

    [Theory]
    [InlineData("echo a  b", "a b\n", 0)]
    [InlineData("echo 'a  b' \"$MODE\" $MODE", "a  b test test\n", 0)]
    [InlineData("false && echo no || echo yes", "yes\n", 0)]
    [InlineData("false; echo $?", "1\n", 0)]
    [InlineData("echo one > /tmp/f; echo two >> /tmp/f; cat /tmp/f", "one\ntwo\n", 0)]
    [InlineData("exit 9; echo never", "", 9)]
    [InlineData("cd /etc && cat hostname", "web-1\n", 0)]
    [InlineData("cd nowhere", "", 1)]
    [InlineData("cat /nothing", "", 1)]
    [InlineData("nosuch", "", 127)]
    [InlineData("echo a | cat", "", 2)]
    [InlineData("echo 'open", "", 2)]
    public async Task Run_Line_PrintsAndEndsAsAShellWould(string line, string output, int code)
    {
        var streams = new Recorded("");

        int ended = await Shell(streams).RunAsync(["sh", "-c", line], tty: false, TestContext.Current.CancellationToken);

        Assert.Equal((output, code), (streams.Output, ended));
    }

    [Fact]
    public async Task Run_OnATerminal_EchoesAndPrompts()
    {
        var streams = new Recorded("pwdx\u007f\rexit 3\r");

        int ended = await Shell(streams).RunAsync(["sh"], tty: true, TestContext.Current.CancellationToken);

        Assert.Equal(("/ # pwdx\b \b\r\n/\n/ # exit 3\r\n", 3), (streams.Output, ended));
    }

    [Fact]
    public async Task Stty_KnowsTheTerminal_WhereThereIsOne()
    {
        var streams = new Recorded("stty size\r") { Size = new TerminalSize(132, 50) };

        await Shell(streams).RunAsync(["sh"], tty: true, TestContext.Current.CancellationToken);

        Assert.Equal("/ # stty size\r\n50 132\n/ # ", streams.Output);
        Assert.Equal(1, await Shell(streams).RunAsync(["stty", "size"], tty: false, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("""{"Width":132,"Height":50}""", true)]
    [InlineData("""{"Width":132}""", false)]
    [InlineData("""{"Width":"132","Height":-1}""", false)]
    [InlineData("[]", false)]
    [InlineData("{", false)]
    public void Size_OfWhatAClientSays_IsReadOrLeft(string json, bool isSize) =>
        Assert.Equal(isSize ? new TerminalSize(132, 50) : null, TerminalSize.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Write_MoreThanTheContainerHolds_IsRefused()
    {
        var files = new ContainerFiles("web-1");

        Assert.True(files.Write("/tmp/a", new byte[ContainerFiles.Limit / 2]));
        Assert.False(files.Write("/tmp/b", new byte[ContainerFiles.Limit / 2]));
        Assert.False(files.Write("/nowhere/a", []));
        Assert.Equal("/b", ContainerFiles.Resolve("/a", "../../b/./c/.."));
    }

    private static ContainerShell Shell(Recorded streams) => new(new ContainerFiles("web-1"), Variables, "web-1", streams, TimeProvider.System);

    private sealed class Recorded(string input) : IShellStreams
    {
        private readonly StringBuilder output = new();
        private string left = input;

        public string Output => output.ToString();

        public TerminalSize? Size { get; init; }

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
        {
            ReadOnlyMemory<byte> read = Encoding.UTF8.GetBytes(left);
            left = "";
            return ValueTask.FromResult(read);
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            output.Append(Encoding.UTF8.GetString(bytes.Span));
            return ValueTask.CompletedTask;
        }

        public ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
