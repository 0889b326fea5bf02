using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Orrery.Simulator.Shell;

/// <summary>How a program ended, as the fourth version of the stream protocols says it (apimachinery <c>pkg/util/remotecommand</c>).</summary>
internal static class ExitStatus
{
    public static byte[] Of(int exitCode)
    {
        JsonObject status = exitCode == 0
            ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
            : new JsonObject
            {
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["message"] = $"command terminated with non-zero exit code: exit status {exitCode}",
                ["reason"] = "NonZeroExitCode",
                ["details"] = new JsonObject
                {
                    ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = exitCode.ToString(CultureInfo.InvariantCulture) }),
                },
            };
        return Encoding.UTF8.GetBytes(status.ToJsonString());
    }
}
