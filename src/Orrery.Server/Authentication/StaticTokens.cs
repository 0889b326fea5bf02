using System.Security.Cryptography;
using System.Text;
using Orrery.Api;

namespace Orrery.Server.Authentication;

/// <summary>
/// Tokens of a file, one a line: <c>token,user,uid,"group1,group2"[,cluster]</c>. Without a cluster a token holds on the
/// root cluster; <c>namespace/name</c> is a virtual cluster. Blank lines and those that begin with <c>#</c> do not count.
/// </summary>
internal sealed class StaticTokens
{
    private readonly (byte[] Digest, UserInfo User)[] tokens;

    private StaticTokens((byte[], UserInfo)[] tokens)
    {
        this.tokens = tokens;
    }

    /// <exception cref="FormatException">Names the line, never its content.</exception>
    public static StaticTokens Parse(string text)
    {
        var tokens = new List<(byte[], UserInfo)>();
        int number = 0;
        foreach (string line in text.Split('\n').Select(l => l.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            List<string> fields = Fields(line);
            if (fields.Count is < 3 or > 5 || fields[0].Length == 0 || fields[1].Length == 0)
            {
                throw new FormatException($"line {number} of the token file: want token,user,uid[,\"group,…\"[,cluster]]");
            }

            tokens.Add((Digest(fields[0]), new UserInfo
            {
                Name = fields[1],
                Uid = fields[2],
                Groups = fields.Count > 3 ? [.. fields[3].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] : [],
                Scope = new ClusterScope(fields.Count > 4 ? Cluster(fields[4], number) : ClusterName.Root),
            }));
        }

        return new StaticTokens([.. tokens]);
    }

    /// <summary>Compares with every token, in a time that tells nothing about how much of one was right.</summary>
    public UserInfo? Find(string token)
    {
        byte[] digest = Digest(token);
        UserInfo? found = null;
        foreach ((byte[] known, UserInfo user) in tokens)
        {
            found = CryptographicOperations.FixedTimeEquals(digest, known) ? user : found;
        }

        return found;
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static ClusterName Cluster(string text, int line)
    {
        try
        {
            ClusterName cluster = ClusterName.Parse(text);
            return cluster.IsAll ? throw new FormatException() : cluster;
        }
        catch (FormatException)
        {
            throw new FormatException($"line {line} of the token file: the cluster must be empty or namespace/name");
        }
    }

    /// <summary>Comma-separated fields; a field in double quotes may hold commas.</summary>
    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        foreach (char c in line)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }
}
